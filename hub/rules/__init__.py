"""The company's rules, which are data: files of a directory, loaded, checked and ready to be asked."""

from hub.rules.allocation import RuleRouter, load_router
from hub.rules.plan import load_plan
from hub.rules.review import RuleReviewer, load_reviewer
from hub.rules.rule_file import RULES_DIR

__all__ = ["RULES_DIR", "RuleReviewer", "RuleRouter", "load_plan", "load_reviewer", "load_router"]
