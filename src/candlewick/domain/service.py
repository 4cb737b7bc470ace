"""What the service itself is: the edition of the database it runs on."""

from enum import StrEnum


class DatabaseEdition(StrEnum):
    """Which database holds the data. Candles are the same to the last digit on each."""

    TIMESCALEDB_COMMUNITY = "TIMESCALEDB_COMMUNITY"
    TIMESCALEDB_APACHE = "TIMESCALEDB_APACHE"
    POSTGRESQL = "POSTGRESQL"
