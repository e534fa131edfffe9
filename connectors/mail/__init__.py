"""E-mail: what customers are told, to the address their record has."""
