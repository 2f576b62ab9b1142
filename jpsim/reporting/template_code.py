"""Compiled templates, kept between processes."""

from __future__ import annotations

from io import BytesIO

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from jpsim.simulation.kept import keep, recall

__all__ = ["TemplateCode"]


class TemplateCode(BytecodeCache):
    """Compiled templates; jinja2 checks that they are those of its version and of the templates."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if its template is kept."""
        found = recall(bucket.key)
        if found is not None:
            bucket.load_bytecode(BytesIO(found))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        keep(bucket.key, bucket.bytecode_to_string())
