"""UN/EDIFACT, as European trading partners write it: ORDERS and ORDCHG in; CONTRL, ORDRSP, DESADV and INVOIC out."""
