"""A simulated venue: a made-up market comes in; trades step by step, faults and a ledger go out, in any wire format."""
