# Use case 4 of Peppol's Ordering, BIS 3 (docs.peppol.eu/poacc/upgrade-3/profiles/3-order-only): an order with freight and
# an agreed discount by amount; here with what becomes of them when the goods come in two deliveries and go back.

Feature: An order with charges and allowances

  Background:
    Given the customer "City Hospital" with a credit limit of 1000.00 EUR
    And the next order is settled with each delivery
    And the next order allows and charges:
      | kind      | reason    | amount | percent |
      | charge    | Freight   | 10.00  |         |
      | allowance | Agreed    | 10.00  |         |
      | charge    | Insurance |        | 2       |
    And "City Hospital" orders as "Order-4":
      | line | item    | quantity | price |
      | 1    | ST-PADS | 50       | 1.00  |
    And logistics accepts its work
    And logistics has shipped 50 C62 of line 1

  Scenario: Freight comes with the first delivery, the rest with each its share
    Then "City Hospital" has 60.69 EUR reserved and owes 0
    When logistics has delivered 20 C62 of line 1
    Then the settlement allows and charges:
      | kind      | reason    | amount |
      | allowance | Agreed    | 4.00   |
      | charge    | Insurance | 0.40   |
      | charge    | Freight   | 10.00  |
    And the settlement comes to 26.40 without VAT
    When logistics has delivered 30 C62 of line 1
    Then the settlement allows and charges:
      | kind      | reason    | amount |
      | allowance | Agreed    | 6.00   |
      | charge    | Insurance | 0.60   |
    And the settlement comes to 24.60 without VAT
    And "City Hospital" has 0 EUR reserved and owes 60.69

  Scenario: What goes back takes its share with it, and the freight when everything is back
    When logistics has delivered 50 C62 of line 1
    And logistics has returned 30 C62 of line 1
    Then the settlement comes to 24.60 without VAT
    When logistics has returned 20 C62 of line 1
    Then the settlement comes to 26.40 without VAT
    And "City Hospital" has 0 EUR reserved and owes 0

  Scenario: Another freight is agreed after it was billed
    When logistics has delivered 50 C62 of line 1
    And the buyer and the seller agree on:
      | kind   | reason  | amount | percent |
      | charge | Freight | 6.00   |         |
    Then the settlement comes to 56.00 without VAT
    And "City Hospital" has 0 EUR reserved and owes 66.64
