"""Hurts every process of a running Candlewick at random, seeded, and proves that nothing was lost or counted twice.

.venv/bin/python -m chaos --events 100 --seed 1     (in tests/)
"""
