"""What may be done for a customer once a rep has said so: parameters, default proposals, how each is carried out."""

from bot.actions.catalog import CatalogItem, load_catalog
from bot.actions.model import Action, Case
from bot.actions.params import FormField
from bot.actions.registry import by_name, can_undo, names, propose

__all__ = [
    "Action",
    "Case",
    "CatalogItem",
    "FormField",
    "by_name",
    "can_undo",
    "load_catalog",
    "names",
    "propose",
]
