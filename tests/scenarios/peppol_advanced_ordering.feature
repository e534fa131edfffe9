# The five scenarios of Peppol's Advanced Ordering, BIS 65 (docs.peppol.eu/poacc/upgrade-3/profiles/65-advanced-ordering):
# a hospital orders ten of one thing at 40.00 and fifty of another at 6.00, and either side changes its mind.

Feature: Conversations of Peppol's advanced ordering

  Background:
    Given the customer "City Hospital" with a credit limit of 1000.00 EUR
    And "City Hospital" orders as "Order-1":
      | line | item   | quantity | price | wanted |
      | 1    | MK-BED | 10       | 40.00 | 28     |
      | 2    | ST-PAD | 50       | 6.00  | 28     |

  Scenario: 1a - the order is accepted as it is
    When production accepts its work
    And logistics accepts its work
    Then the order is confirmed
    And production is asked for:
      | line | quantity | unit |
      | 1    | 10       | C62  |
    And logistics is asked for:
      | line | quantity | unit |
      | 2    | 50       | C62  |
    And "City Hospital" has 833.00 EUR reserved and owes 0

  Scenario: 1b - the seller can supply only five of ten, and the buyer agrees
    When production rejects 5 C62 of line 1: "five by March, no more"
    And procurement rejects its work: "nobody sells them"
    Then the exception no-candidate is open
    When the buyer amends the order:
      | action | line | quantity |
      | change | 1    | 5        |
    Then the customer is told "line 1 is now 5 C62"
    And no exception is open
    And the quantities are:
      | line | ordered | unallocated | cancelled |
      | 1    | 5       | 0           | 0         |
      | 2    | 50      | 0           | 0         |
    And "City Hospital" has 595.00 EUR reserved and owes 0

  Scenario: 1c - the seller can supply only five of ten, and the buyer wants none then
    When production rejects 5 C62 of line 1: "five by March, no more"
    And procurement rejects its work: "nobody sells them"
    And the buyer cancels the order
    Then the order is cancelled
    And no exception is open
    And production is asked for nothing
    And "City Hospital" has 0 EUR reserved and owes 0

  Scenario: 1d - the seller takes no order beyond the credit limit
    When "City Hospital" orders as "Order-2":
      | line | item   | quantity | price |
      | 1    | MK-BED | 5        | 40.00 |
    Then the order is credit-hold
    And the exception credit-refused is open
    And the journal says "credit-limit: 1071.00 against 1000.00"
    And production is asked for nothing
    When "ines" of the order desk commands cancel: "the limit stays as it is"
    Then the order is cancelled
    And the customer is told "the limit stays as it is"

  Scenario: 2a - the buyer drops a line, and the seller accepts
    When production accepts its work
    And the buyer amends the order:
      | action | line | quantity |
      | delete | 2    |          |
    Then the customer is told "line 2 is deleted"
    And logistics is asked for nothing
    And production is asked for:
      | line | quantity | unit |
      | 1    | 10       | C62  |
    And "City Hospital" has 476.00 EUR reserved and owes 0

  Scenario: 2b - the buyer drops a line that is on its way, and the original stands
    When logistics accepts its work
    And logistics has shipped 50 C62 of line 2
    And the buyer amends the order:
      | action | line | quantity |
      | delete | 2    |          |
    Then the customer is told "line 2 stays at 50 C62, which are on their way"
    And the quantities are:
      | line | ordered | cancelled | shipped |
      | 2    | 50      | 0         | 50      |

  Scenario: 2c - the same change sent again, and one sent too early
    When the buyer amends the order:
      | action | line | quantity |
      | change | 2    | 40       |
    And the same message arrives again
    Then it is a duplicate
    When revision 3 of the order arrives before revision 2:
      | action | line | quantity |
      | change | 2    | 20       |
    Then it is parked as revision-gap
    When the buyer amends the order:
      | action | line | quantity |
      | change | 2    | 30       |
    Then the quantities are:
      | line | ordered |
      | 2    | 20      |

  Scenario: 3a - the seller delivers a month later, and the buyer agrees
    When production accepts its work
    And production expects to be done in 59 days
    Then the customer is told "delayed"
    When the buyer amends the order:
      | action | line | wanted |
      | change | 1    | 59     |
    Then the customer is told "line 1 is now 10 C62"
    And production is asked for:
      | line | quantity | unit |
      | 1    | 10       | C62  |
    And the order waits for production (scheduled), logistics (ordered)

  Scenario: 3b - the seller delivers a month later, and the buyer will not wait
    When production accepts its work
    And production expects to be done in 59 days
    And the buyer cancels the order
    Then the order is cancelled
    And production is asked for nothing

  Scenario: 4a - the buyer cancels, and the seller accepts
    When the buyer cancels the order
    Then the order is cancelled
    And the customer is told "has been cancelled"
    And production is asked for nothing
    And logistics is asked for nothing
    And nothing is settled
    And "City Hospital" has 0 EUR reserved and owes 0

  Scenario: 4b - the buyer cancels when everything is on its way, and the seller refuses
    When production accepts its work
    And logistics accepts its work
    And production has produced 10 C62 of line 1
    And logistics has shipped:
      | line | quantity |
      | 1    | 10       |
      | 2    | 50       |
    And the buyer cancels the order
    Then the order is shipped
    And the customer is told "everything is on its way already"
    And "City Hospital" has 833.00 EUR reserved and owes 0

  Scenario: 5 - the seller cancels, and the buyer confirms that
    When "ines" of the order desk commands cancel: "the item is discontinued"
    Then the order is cancelled
    And the customer is told "has been cancelled: the item is discontinued"
    When the buyer cancels the order
    Then it is ignored as already-cancelled
    And the customer is told nothing
