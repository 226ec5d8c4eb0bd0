"""Where each canonical field lives in one company's system: mapping files, read and applied in both directions."""

from crm_bridge.mapping.convert import Unreadable, read_value, shown, write_value
from crm_bridge.mapping.loading import MappingUnusable, load_mapping, template_names
from crm_bridge.mapping.model import FieldMap, LinesMap, Mapping, ObjectMap, Owners, TimeMap
from crm_bridge.mapping.rows import Row, Sheet, account_of, gone, identity, name_of, pick, record_of, stamp
from crm_bridge.mapping.times import instant, precision_of
from crm_bridge.mapping.values import key_in, key_words, put, source_values

__all__ = [
    "FieldMap",
    "LinesMap",
    "Mapping",
    "MappingUnusable",
    "ObjectMap",
    "Owners",
    "Row",
    "Sheet",
    "TimeMap",
    "Unreadable",
    "account_of",
    "gone",
    "identity",
    "instant",
    "key_in",
    "key_words",
    "load_mapping",
    "name_of",
    "pick",
    "precision_of",
    "put",
    "read_value",
    "record_of",
    "shown",
    "source_values",
    "stamp",
    "template_names",
    "write_value",
]
