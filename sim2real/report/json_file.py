"""Reading the JSON files of a run's folder."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sim2real.errors import UserError

VALUE_ERROR = "Value error, "
"""What pydantic puts before messages that are not its own."""


class FileModel(BaseModel):
    """Part of a JSON file. Keys that are not known are left to those who know them."""

    model_config = ConfigDict(frozen=True)


Model = TypeVar("Model", bound=FileModel)


def read_json(path: Path, model: type[Model]) -> Model:
    """The file's contents. Raises UserError naming the file and what is wrong with it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_finite, parse_float=_finite)
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{path} is damaged: {where + ': ' if where else ''}{first['msg'].removeprefix(VALUE_ERROR)}"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error


def _finite(number: str) -> float:
    value = float(number)
    if not isfinite(value):
        raise ValueError(f"{number} is not a finite number")
    return value
