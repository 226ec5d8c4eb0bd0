"""Load and crashes: a stub platform, encrypted callbacks at a steady rate, and a server that is killed on purpose.

    cli → measure → company (who speaks), load (when), wire (how), outcome (what came of it)
          crash   → crash_checks, crash_customers (what must hold afterwards, also in the customer system)
    both  → workbench (data dir, processes), callbacks (encryption), wecom_server → wecom_platform → wecom_shapes

Every turn of any ten minutes is another rep's, so a card belongs to the callback of the rep whom it was sent to: no
mark in the words is needed, and a second card for one rep is a doubled one.
"""
