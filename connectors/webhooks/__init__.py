"""Webhooks: what the hub has to say, as signed HTTP requests (standardwebhooks.com) of CloudEvents."""
