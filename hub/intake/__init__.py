"""The JSON edge: `event_from_json` turns a document of the world outside into an event, or says all that is wrong."""

from hub.intake.json_events import IntakeError, IntakeProblem, event_from_document, event_from_json

__all__ = ["IntakeError", "IntakeProblem", "event_from_document", "event_from_json"]
