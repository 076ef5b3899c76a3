"""Where the records of the pipeline come from: text in the form of CSV."""

import csv
import io

from wit_world import exports
from wit_world.imports.records import DataRecord

TEXT = """name,value,tags
temperature,21.5,indoor room
größe,-3.25,
humidity,48,indoor room wet
pressure,1013.25,outdoor
"""


class Source(exports.Source):
    def read(self) -> list[DataRecord]:
        rows = csv.DictReader(io.StringIO(TEXT))
        return [DataRecord(row["name"], float(row["value"]), row["tags"].split()) for row in rows]
