"""[relay] and [relay.NAME]: relays, their chains, and when one gives way."""

import difflib
from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from audio.fallback import Patience
from firmware_py.sections.section import Section
from scheduler.address import is_stream, named
from scheduler.clock import NS_PER_S

IDENT = "ident"
LINE, FILE = "line:", "file:"


def _link(value: str) -> str:
    """One link of a relay's chain."""
    file = value.startswith(FILE) and len(value) > len(FILE) and not set(value[len(FILE) :]) & set("/\\")
    if is_stream(value) or value == IDENT or file or (value.startswith(LINE) and named(value)):
        return value
    raise PydanticCustomError("bad_link", "{link} is no link", {"link": value})


Link = Annotated[str, AfterValidator(_link)]


class RelayChain(Section):
    """A relay with its own chain, ``chain:NAME``; what it leaves out is that of [relay]."""

    links: tuple[Link, ...] = Field(min_length=1)
    silence_s: float | None = Field(default=None, gt=0, le=600)
    silence_dbfs: float | None = Field(default=None, ge=-90, le=-20)
    stall_s: float | None = Field(default=None, gt=0, le=600)
    back_after_s: float | None = Field(default=None, ge=0, le=600)


class Relay(BaseModel):
    """[relay]: what holds for every relay; each [relay.NAME] is a chain."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, RelayChain] = Field(init=False)  # the default is for type checkers

    fallback: tuple[Link, ...] = ()  # behind a plain address or a line input
    ident: str | None = Field(default=None, min_length=1)  # a file of the media folder
    silence_s: float = Field(default=15, gt=0, le=600)
    silence_dbfs: float = Field(default=-55, ge=-90, le=-20)
    stall_s: float = Field(default=5, gt=0, le=600)
    back_after_s: float = Field(default=10, ge=0, le=600)

    @property
    def chains(self) -> Mapping[str, RelayChain]:
        return self.__pydantic_extra__ or {}

    @property
    def links(self) -> tuple[str, ...]:
        """Of all chains."""
        return (*self.fallback, *(link for chain in self.chains.values() for link in chain.links))

    @property
    def files(self) -> tuple[str, ...]:
        """What has to be in the library for the chains to have all their links."""
        named = dict.fromkeys(link.removeprefix(FILE) for link in self.links if link.startswith(FILE))
        return (*named, *([self.ident] if self.ident else []))

    def refuse_unknown(self, inputs: Collection[str]) -> None:
        """Raises PydanticCustomError for a link that nothing in the configuration stands behind."""
        for link in self.links:
            if link == IDENT and self.ident is None:
                raise PydanticCustomError("no_ident", "there is no ident")
            name = link.removeprefix(LINE)
            if link.startswith(LINE) and name not in inputs:
                near = difflib.get_close_matches(name, inputs, n=1)
                hint = {"vi": f'; có phải là "{near[0]}"?', "en": f'; did you mean "{near[0]}"?'} if near else {}
                raise PydanticCustomError("unknown_input", "{name}", {"name": name, "vi": "", "en": "", **hint})

    def with_own(self, chain: RelayChain) -> "Relay":
        """These settings, with those that *chain* has of its own."""
        return self.model_copy(update=chain.model_dump(exclude_none=True, exclude={"links"}))

    @property
    def patience(self) -> Patience:
        silence_ns, stall_ns, back_ns = (round(s * NS_PER_S) for s in (self.silence_s, self.stall_s, self.back_after_s))
        return Patience(silence_ns, stall_ns, back_ns)
