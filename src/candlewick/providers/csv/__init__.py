"""Tables of anybody's making: CSV files and what their columns mean come in; trades, candles, quotes, days go out."""

from candlewick.providers.csv.archive import SOURCE, CsvFiles
from candlewick.providers.provider import Provider

PROVIDER = Provider(SOURCE, "CSV files", archives=CsvFiles)
