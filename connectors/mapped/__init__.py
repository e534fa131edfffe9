"""Tables of others as events: CSV, JSON Lines and Parquet by a declared mapping of columns to fields."""
