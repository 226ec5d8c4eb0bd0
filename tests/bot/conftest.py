"""Parts over the demo company, for tests of the middle that need the real library, model and CRM."""

from tests.fakes.demo import demo, parts, quiet_parts

__all__ = ["demo", "parts", "quiet_parts"]
