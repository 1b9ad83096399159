"""The attribute schema, a data file: which attributes there are, what they may be, where they can be seen."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from next_mm.captioning.attributes.grammar import Node, parse_template, placeholders
from next_mm.captioning.attributes.unknown import is_unknown
from next_mm.errors import ConfigError

UNKNOWN_ANSWER = 'unknown'


class Attribute(BaseModel):
    """One attribute of a schema.

    Attributes:
        group: heading it is reported under.
        question: what the model is asked.
        values: allowed values, each with other ways of saying it.
        free: any other value is accepted too.
        environment: it belongs to the picture, not to the identity.
        modalities: where it can be observed at all.
        complement: another modality may supply it (no for what differs between modalities, as colour, lighting and
            clarity).
        complement_below: the schema's threshold, overridden for this attribute.
        qualifies: the attribute whose value follows this one's in a text ("a *red* jacket").
        plural: values that take no article.
        phrases: how a value reads in a caption, where that is not the value itself.
        match: patterns that find a value in a text, ``{value}`` standing for a value or another way of saying it; one
            list for all values or one for each.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    group: str
    question: str
    values: dict[str, tuple[str, ...]]
    free: bool = False
    environment: bool = False
    modalities: tuple[Literal['rgb', 'nir', 'tir'], ...] = ('rgb', 'nir', 'tir')
    complement: bool = True
    complement_below: float | None = Field(default=None, ge=0, le=1)
    qualifies: str | None = None
    plural: tuple[str, ...] = ()
    phrases: dict[str, str] = {}
    match: tuple[str, ...] | dict[str, tuple[str, ...]] = ('{value}',)

    @field_validator('values')
    @classmethod
    def _values_say_something(cls, values: dict) -> dict:
        for value in values:
            if is_unknown(value):
                raise ValueError(f'the value {value!r} is one of the words for "unknown"; choose another word for it')
        return values

    @model_validator(mode='after')
    def _extras_name_values(self) -> Attribute:
        for field, names in (('plural', self.plural), ('phrases', self.phrases), ('match', self.match)):
            if isinstance(names, dict) or field == 'plural':
                strangers = set(names) - set(self.values)
                if strangers:
                    raise ValueError(f'{field} names {sorted(strangers)}, which are not among the values')
        return self

    @model_validator(mode='after')
    def _patterns_are_expressions(self) -> Attribute:
        for patterns in self.match.values() if isinstance(self.match, dict) else [self.match]:
            for pattern in patterns:
                try:
                    re.compile(pattern.replace('{value}', 'x'))
                except re.error as error:
                    raise ValueError(f'match: {pattern!r} is not a regular expression ({error})') from None
        return self

    @cached_property
    def lookup(self) -> dict[str, str]:
        """Every way of saying a value, in lower case, to the value."""
        table = {}
        for value, others in self.values.items():
            for text in (*others, value):
                table[text.casefold()] = value
        return table


class Pronoun(BaseModel):
    """Pronouns by the value of an attribute, and one for when it is not known."""

    model_config = ConfigDict(extra='allow', frozen=True)

    attribute: str
    otherwise: str

    def of(self, value: str | None) -> str:
        """The pronoun for ``value``."""
        return str((self.model_extra or {}).get(value, self.otherwise)) if value else self.otherwise


class Schema(BaseModel):
    """A versioned set of attributes with thresholds and the sentences of a caption (see ``docs/captions.md``)."""

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str
    version: int
    subject: str
    complement_below: float = Field(ge=0, le=1)
    mention_from: float = Field(ge=0, le=1)
    pronoun: Pronoun
    attributes: dict[str, Attribute]
    sentences: tuple[str, ...]
    objects: tuple[str, ...] = ()

    @model_validator(mode='after')
    def _names_exist(self) -> Schema:
        for name, attribute in self.attributes.items():
            if attribute.qualifies and attribute.qualifies not in self.attributes:
                raise ValueError(f'{name} qualifies {attribute.qualifies!r}, which is not an attribute')
        for sentence in self.sentences:
            strangers = placeholders(parse_template(sentence)) - set(self.attributes)
            if strangers:
                raise ValueError(f'sentence {sentence!r} uses {sorted(strangers)}, which are not attributes')
        return self

    @cached_property
    def templates(self) -> tuple[Node, ...]:
        """The sentences, parsed."""
        return tuple(parse_template(sentence) for sentence in self.sentences)

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """Words of free values, such as makes: they may stand beside digits without making a licence plate."""
        return frozenset(word for a in self.attributes.values() if a.free for text in a.lookup for word in text.split())

    def observable(self, modality: str) -> dict[str, Attribute]:
        """The attributes that can be seen in ``modality``, in the schema's order."""
        return {name: attribute for name, attribute in self.attributes.items() if modality in attribute.modalities}

    def threshold(self, name: str) -> float:
        """The confidence below which attribute ``name`` may be replaced by another modality's."""
        own = self.attributes[name].complement_below
        return self.complement_below if own is None else own

    def answer_format(self, modality: str) -> dict:
        """JSON schema of an answer about one picture, in the strict form: all required, nothing else, no defaults."""
        fields = {}
        for name, attribute in self.observable(modality).items():
            value = (
                {'type': 'string'}
                if attribute.free
                else {'type': 'string', 'enum': [*attribute.values, UNKNOWN_ANSWER]}
            )
            fields[name] = _strict_object({'value': value, 'confidence': {'type': 'number'}})
        return _strict_object(fields)


def _strict_object(properties: dict) -> dict:
    return {'type': 'object', 'properties': properties, 'required': list(properties), 'additionalProperties': False}


def short_hash(*texts: str) -> str:
    """Twelve hexadecimal digits that change with any of ``texts``."""
    return hashlib.sha256('\0'.join(texts).encode()).hexdigest()[:12]


def load_schema(name: str | Path) -> Schema:
    """Read a schema: a shipped one by name (``person``, ``vehicle``) or a YAML file by path.

    Raises:
        ConfigError: no such name or file, or the file is not YAML or not a schema; the text names file and field.
    """
    text, place = _schema_text(str(name))
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f'{place}: not readable as YAML: {error}') from error
    try:
        return Schema.model_validate(data)
    except ValidationError as error:
        lines = [f'  {".".join(map(str, e["loc"])) or "schema"}: {e["msg"]}' for e in error.errors()[:5]]
        raise ConfigError(f'{place} is not an attribute schema:\n' + '\n'.join(lines)) from error


def _schema_text(name: str) -> tuple[str, str]:
    folder = resources.files('next_mm.captioning') / 'schemas'
    shipped = folder / f'{name}.yaml'
    if '/' not in name and shipped.is_file():
        return shipped.read_text(encoding='utf-8'), f'schema {name}'
    path = Path(name)
    if not path.is_file():
        names = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith('.yaml'))
        raise ConfigError(f'no schema {name!r}: expected one of {names} or the path of a YAML file')
    try:
        return path.read_text(encoding='utf-8-sig'), name
    except UnicodeDecodeError as error:
        raise ConfigError(f'{name}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8') from error
