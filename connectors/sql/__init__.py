"""Orders, their lines, exceptions and settlements as tables of a database, each record of the topics once."""
