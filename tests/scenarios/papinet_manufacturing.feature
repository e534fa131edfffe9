# Scenarios A to F of papiNet's order status use case (github.com/papinet/papiNet-API, order-status.md): paper that is made
# to order by weight, in kilograms or tonnes. What was produced, shipped and invoiced are three quantities. (Its samples
# of F ship more than was made; here the two reels too many are made as well.)

Feature: papiNet's manufacturing scenarios

  Background:
    Given the customer "Print House" with a credit limit of 100000.00 EUR
    And the item "MK-PAPER" in KGM, also counted in RL of 3300, may come 2 % short and 60 % over

  Scenario: A - one production and one shipment
    When "Print House" orders as "1001":
      | line | item     | quantity | unit | price  | per  |
      | 1    | MK-PAPER | 10000    | KGM  | 680.00 | 1000 |
    And production accepts its work
    And production has produced 9900 KGM of line 1
    Then the quantities are:
      | line | ordered | made | shipped | delivered |
      | 1    | 10000   | 9900 | 0       | 0         |
    When logistics accepts its work
    And logistics has shipped 9900 KGM of line 1
    Then nothing is settled
    When logistics has delivered 9900 KGM of line 1
    Then the journal says "line 1: 100 KGM less is within the tolerance and counts as all"
    And the settlement bills:
      | line | quantity | unit | net     |
      | 1    | 9900     | KGM  | 6732.00 |
    And the quantities are:
      | line | ordered | made | shipped | delivered | billed | short |
      | 1    | 10000   | 9900 | 9900    | 9900      | 9900   | 100   |

  Scenario: B - three productions and one shipment
    When "Print House" orders as "1002":
      | line | item     | quantity | unit | price  | per  |
      | 1    | MK-PAPER | 10000    | KGM  | 680.00 | 1000 |
    And production accepts its work
    And production has produced 1 RL of line 1
    And production has produced 3.3 TNE of line 1
    Then the quantities are:
      | line | made | shipped |
      | 1    | 6600 | 0       |
    And logistics is asked for:
      | line | quantity | unit |
      | 1    | 6600     | KGM  |
    When production has produced 3300 KGM of line 1
    And logistics accepts its work
    And logistics has shipped 3 RL of line 1
    And logistics has delivered 9.9 TNE of line 1
    Then the settlement bills:
      | line | quantity | unit | net     |
      | 1    | 9900     | KGM  | 6732.00 |

  Scenario: C - one production and two shipments
    When "Print House" orders as "1003":
      | line | item     | quantity | unit | price  |
      | 1    | MK-PAPER | 35       | TNE  | 680.00 |
    And production accepts its work
    And production has produced 35000 KGM of line 1
    And logistics accepts its work
    And logistics has shipped 24000 KGM of line 1
    Then the order is partly-shipped
    And the quantities are:
      | line | ordered | made | shipped |
      | 1    | 35      | 35   | 24      |
    When logistics has shipped 11000 KGM of line 1
    Then the order is shipped
    When logistics has delivered 35 TNE of line 1
    Then the settlement bills:
      | line | quantity | unit | net      |
      | 1    | 35       | TNE  | 23800.00 |

  Scenario: D - productions and shipments that overlap
    When "Print House" orders as "1004":
      | line | item     | quantity | unit | price  |
      | 1    | MK-PAPER | 70       | TNE  | 680.00 |
    And production accepts its work
    And production has produced 20000 KGM of line 1
    And logistics accepts its work
    And production has produced 20000 KGM of line 1
    And logistics has shipped 20000 KGM of line 1
    Then the quantities are:
      | line | ordered | made | shipped | delivered |
      | 1    | 70      | 40   | 20      | 0         |
    When production has produced 30000 KGM of line 1
    And logistics has shipped 20000 KGM of line 1
    And logistics has shipped 20000 KGM of line 1
    Then the order is partly-shipped
    When logistics has shipped 10000 KGM of line 1
    Then the order is shipped
    When logistics has delivered 70000 KGM of line 1
    Then the settlement bills:
      | line | quantity | unit | net      |
      | 1    | 70       | TNE  | 47600.00 |

  Scenario: E - less is shipped than was made
    When "Print House" orders as "1005":
      | line | item     | quantity | unit | price  | per  |
      | 1    | MK-PAPER | 10000    | KGM  | 680.00 | 1000 |
    And production accepts its work
    And production has produced 9900 KGM of line 1
    And logistics accepts its work
    And logistics has shipped 6600 KGM of line 1
    And logistics has delivered 2 RL of line 1
    Then the order is partly-delivered
    When "ines" of the order desk commands close-short 1: "the third reel is torn"
    Then the settlement bills:
      | line | quantity | unit | net     |
      | 1    | 6600     | KGM  | 4488.00 |
    And the settlement states:
      | line | difference | quantity |
      | 1    | short      | 3400     |
    And the quantities are:
      | line | ordered | made | shipped | delivered | billed |
      | 1    | 10000   | 9900 | 6600    | 6600      | 6600   |

  Scenario: F - more is shipped than was ordered, and the buyer takes it
    When "Print House" orders as "1006":
      | line | item     | quantity | unit | price  | per  |
      | 1    | MK-PAPER | 10000    | KGM  | 680.00 | 1000 |
    And production accepts its work
    And production has produced 9900 KGM of line 1
    And production has produced 6100 KGM of line 1
    And logistics accepts its work
    And logistics has shipped 16000 KGM of line 1
    Then no exception is open
    When logistics has delivered 16000 KGM of line 1
    Then the settlement bills:
      | line | quantity | unit | net      |
      | 1    | 16000    | KGM  | 10880.00 |
    And the settlement states:
      | line | difference | quantity |
      | 1    | over       | 6000     |
    And the quantities are:
      | line | ordered | made  | shipped | delivered | billed |
      | 1    | 10000   | 16000 | 16000   | 16000     | 16000  |

  Scenario: F - more is shipped than the buyer takes
    When "Print House" orders as "1007":
      | line | item     | quantity | unit | price  | per  |
      | 1    | MK-PAPER | 10000    | KGM  | 680.00 | 1000 |
    And production accepts its work
    And production has produced 17000 KGM of line 1
    And logistics accepts its work
    And logistics has shipped 17000 KGM of line 1
    Then the exception over-delivered is open
    When logistics has delivered 17000 KGM of line 1
    Then the settlement bills:
      | line | quantity | unit | net      |
      | 1    | 16000    | KGM  | 10880.00 |
