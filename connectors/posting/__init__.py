"""Messages to receivers that may be away: kept until taken, tried again, and set aside when nothing helps."""
