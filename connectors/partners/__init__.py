"""Documents for trading partners: order responses, despatch advices and invoices, as each has agreed to take them."""
