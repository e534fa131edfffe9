"""Where orders lose time and why: what the journal says of many of them, as figures with the orders behind them."""
