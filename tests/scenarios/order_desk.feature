Feature: What an order desk sees every week

  Background:
    Given the customer "Weserland" with a credit limit of 1000.00 EUR

  Scenario: Two of three are shipped, then the rest is cancelled
    Given "Weserland" orders as "PO-1":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 3        | 50.00 |
    And logistics accepts its work
    When logistics has shipped 2 C62 of line 1
    And the buyer cancels the order
    Then the customer is told "what was not yet on its way is cancelled"
    And the quantities are:
      | line | ordered | cancelled | shipped | delivered |
      | 1    | 3       | 1         | 2       | 0         |
    And logistics is asked for:
      | line | quantity | unit |
      | 1    | 2        | C62  |
    And "Weserland" has 119.00 EUR reserved and owes 0
    When logistics has delivered 2 C62 of line 1
    Then the order is settled
    And the settlement bills:
      | line | quantity | unit | net    |
      | 1    | 2        | C62  | 100.00 |
    And the settlement states:
      | line | difference | quantity |
      | 1    | cancelled  | 1        |
    And "Weserland" has 0 EUR reserved and owes 119.00
    When the buyer pays 119.00 EUR
    Then the order is closed

  Scenario: Twenty orders at once cannot overdraw one limit
    When "Weserland" sends 20 orders at the same moment, each of:
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 2        | 50.00 |
    Then 8 of them are confirmed and the others are credit-hold
    And "Weserland" has 952.00 EUR reserved and owes 0

  Scenario: Production has no capacity, so it is bought
    Given "Weserland" orders as "PO-2":
      | line | item    | quantity | price |
      | 1    | MK-DOOR | 4        | 50.00 |
    When production rejects its work: "no capacity this month"
    Then the journal says "production rejected 4 C62 of line 1: no capacity this month"
    And the journal says "line 1: 4 to procurement by rule made-here"
    And procurement is asked for:
      | line | quantity | unit |
      | 1    | 4        | C62  |
    When procurement accepts its work
    And procurement has received 4 C62 of line 1
    And logistics accepts its work
    And logistics has shipped 4 C62 of line 1
    And logistics has delivered 4 C62 of line 1
    Then the settlement bills:
      | line | quantity | unit | net    |
      | 1    | 4        | C62  | 200.00 |

  Scenario: Amended after a part was shipped
    Given "Weserland" orders as "PO-3":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 10       | 50.00 |
      | 2    | MK-DOOR | 2        | 50.00 |
    And logistics accepts its work
    And production accepts its work
    And logistics has shipped 6 C62 of line 1
    When the buyer amends the order:
      | action | line | quantity | item   | price |
      | change | 1    | 4        |        |       |
      | change | 2    | 3        |        |       |
      | add    | 3    | 1        | BU-KEY | 20.00 |
    Then the customer is told "line 1 stays at 6 C62, which are on their way; line 2 is now 3 C62; line 3 is added with 1 C62"
    And the quantities are:
      | line | ordered | shipped | unallocated |
      | 1    | 6       | 6       | 0           |
      | 2    | 3       | 0       | 0           |
      | 3    | 1       | 0       | 0           |
    And production is asked for:
      | line | quantity | unit |
      | 2    | 3        | C62  |
    And procurement is asked for:
      | line | quantity | unit |
      | 3    | 1        | C62  |
    And "Weserland" has 559.30 EUR reserved and owes 0

  Scenario: Reports arrive before the order does, each once and again
    Given an order "PO-4" of "Weserland" that is still on its way:
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 2        | 50.00 |
    When logistics has delivered 2 C62 of line 1
    Then it is parked as order-unknown
    When logistics has shipped 2 C62 of line 1
    And the same message arrives again
    And logistics accepts its work
    And the order arrives
    Then the order is settled
    And the settlement bills:
      | line | quantity | unit | net    |
      | 1    | 2        | C62  | 100.00 |

  Scenario: The customer does not answer in time
    Given the customer "Lloyd Hotel", who confirms each order, with a credit limit of 1000.00 EUR
    And "Lloyd Hotel" orders as "PO-5":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 2        | 50.00 |
    Then the order is awaiting-confirmation
    And logistics is asked for nothing
    When 3 days pass
    Then the order is cancelled
    And the customer is told "not confirmed in time"
    And "Lloyd Hotel" has 0 EUR reserved and owes 0

  Scenario: Nobody answers for a credit hold, which is taken further, and not told once more as standing still
    Given "Weserland" orders as "PO-6":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 20       | 50.00 |
    Then the order is credit-hold
    When 4 days pass
    Then the order is credit-hold
    And the exception credit-refused is open
    And the journal says "exception credit-refused is open still: priority 1, head-of-credit has it"
    When "ines" of the order desk commands override-credit: "they are good for it"
    Then it is refused as not-authorised
    When "mei" of credit management commands override-credit: "paid in advance by bank transfer"
    Then the order is confirmed
    And no exception is open
    And the journal says "mei (credit-manager) commanded override-credit: paid in advance by bank transfer"

  Scenario: Export control holds the goods while they are made
    Given "Weserland" orders as "PO-7":
      | line | item    | quantity | price |
      | 1    | MK-PUMP | 4        | 50.00 |
    And production accepts its work
    When "olga" of compliance commands hold compliance: "the consignee is on a list"
    Then the exception on-hold is open
    When production has produced 4 C62 of line 1
    Then logistics is asked for nothing
    And the order waits for the end of hold compliance (compliance)
    When "ines" of the order desk commands release-hold compliance: "the customer is waiting"
    Then it is refused as not-authorised
    When "olga" of compliance commands release-hold compliance: "another company of that name"
    Then no exception is open
    And logistics is asked for:
      | line | quantity | unit |
      | 1    | 4        | C62  |

  Scenario: A customer who asked to wait keeps its credit and stock for a week
    Given "Weserland" orders as "PO-8":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 4        | 50.00 |
    When "ines" of the order desk commands hold customer-request: "they are moving house"
    And 6 days pass
    Then "Weserland" has 238.00 EUR reserved and owes 0
    When 2 days pass
    Then "Weserland" has 0 EUR reserved and owes 0
    And logistics is asked for nothing
    When "ines" of the order desk commands release-hold customer-request: "they have moved"
    Then "Weserland" has 238.00 EUR reserved and owes 0
    And logistics is asked for:
      | line | quantity | unit |
      | 1    | 4        | C62  |

  Scenario: A desk comes in one delivery
    Given "Weserland" orders as "PO-9":
      | line | item     | quantity | price | delivered with |
      | 1    | ST-FRAME | 1        | 90.00 | desk           |
      | 2    | MK-TOP   | 1        | 60.00 | desk           |
      | 3    | ST-LAMP  | 1        | 50.00 |                |
    And production accepts its work
    Then logistics is asked for:
      | line | quantity | unit |
      | 3    | 1        | C62  |
    When logistics accepts its work
    And logistics has shipped 1 C62 of line 3
    And logistics has delivered 1 C62 of line 3
    Then the order is partly-delivered
    When production has produced 1 C62 of line 2
    Then logistics is asked for:
      | line | quantity | unit |
      | 1    | 1        | C62  |
      | 2    | 1        | C62  |
      | 3    | 1        | C62  |
    When logistics has shipped:
      | line | quantity |
      | 1    | 1        |
      | 2    | 1        |
    And logistics has delivered 1 C62 of line 1
    Then the order is partly-delivered
    And nothing is settled
    When logistics has delivered 1 C62 of line 2
    Then the order is settled
    And the settlement bills:
      | line | quantity | unit | net   |
      | 1    | 1        | C62  | 90.00 |
      | 2    | 1        | C62  | 60.00 |
      | 3    | 1        | C62  | 50.00 |

  Scenario: The same purchase order comes twice, from the shop and by fax
    Given "Weserland" orders as "PO-10":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 4        | 50.00 |
    When "Weserland" orders under the number "po-10 " again, as "PO-10-FAX":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 4        | 50.00 |
    Then the order is on-hold
    And the order waits for the end of hold suspected-duplicate (order-desk)
    And logistics is asked for nothing
    And "Weserland" has 238.00 EUR reserved and owes 0
    When "ines" of the order desk commands release-hold suspected-duplicate: "they want eight after all"
    Then the order is confirmed
    And "Weserland" has 476.00 EUR reserved and owes 0

  Scenario: Of two orders under one number the first is cancelled, so the second is none too many
    Given "Weserland" orders as "PO-11":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 4        | 50.00 |
    When "Weserland" orders under the number "PO-11" again, as "PO-11-FAX":
      | line | item    | quantity | price |
      | 1    | ST-LAMP | 5        | 50.00 |
    Then the order is on-hold
    When the buyer cancels "PO-11"
    Then the order is confirmed
    And no exception is open
    And the journal says "hold suspected-duplicate ended: order PO-11"
    And "Weserland" has 297.50 EUR reserved and owes 0
