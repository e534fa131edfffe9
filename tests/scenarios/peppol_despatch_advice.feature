# Use case 2 of Peppol's Despatch Advice, BIS 30 (docs.peppol.eu/poacc/upgrade-3/profiles/30-despatchadvice): five lines
# of ten in one despatch, each with its own discrepancy.

Feature: One despatch advice, short and over

  Background:
    Given the customer "Harbour Clinic" with a credit limit of 1000.00 EUR
    And "Harbour Clinic" orders as "PO-30":
      | line | item     | quantity | price |
      | 1    | ST-GAUZE | 10       | 10.00 |
      | 2    | ST-TAPE  | 10       | 10.00 |
      | 3    | ST-SWABS | 10       | 10.00 |
      | 4    | ST-CUPS  | 10       | 10.00 |
      | 5    | ST-GLOVE | 10       | 10.00 |
    And logistics accepts its work

  Scenario: All of one line; the rest later; never; some later and one never; and two too many
    When logistics has shipped:
      | line | quantity |
      | 1    | 10       |
      | 2    | 6        |
      | 3    | 6        |
      | 4    | 6        |
      | 5    | 12       |
    Then the order is partly-shipped
    And the exception over-delivered is open
    When logistics has delivered:
      | line | quantity |
      | 1    | 10       |
      | 2    | 6        |
      | 3    | 6        |
      | 4    | 6        |
      | 5    | 12       |
    And "ines" of the order desk commands close-short 3: "four are out of stock for good"
    Then the order is partly-delivered
    And nothing is settled
    And logistics is asked for:
      | line | quantity | unit |
      | 1    | 10       | C62  |
      | 2    | 10       | C62  |
      | 3    | 6        | C62  |
      | 4    | 10       | C62  |
      | 5    | 10       | C62  |
    When logistics has shipped:
      | line | quantity |
      | 2    | 4        |
      | 4    | 3        |
    And logistics has delivered:
      | line | quantity |
      | 2    | 4        |
      | 4    | 3        |
    And "ines" of the order desk commands close-short 4: "the last one broke"
    Then the order is settled
    And the settlement bills:
      | line | quantity | unit | net    |
      | 1    | 10       | C62  | 100.00 |
      | 2    | 10       | C62  | 100.00 |
      | 3    | 6        | C62  | 60.00  |
      | 4    | 9        | C62  | 90.00  |
      | 5    | 10       | C62  | 100.00 |
    And the settlement states:
      | line | difference | quantity |
      | 3    | short      | 4        |
      | 4    | short      | 1        |
      | 5    | over       | 2        |
    And "Harbour Clinic" has 0 EUR reserved and owes 535.50
