"""A small market and orders of every kind, as CSV."""

from __future__ import annotations

BARS = """\
time,symbol,open,high,low,close,volume
2000-03-01,ACME,10,12,9,11,100
2000-03-02,ACME,11,13,10,12.5,100
2000-03-02,ZETA,1,2,0.5,1.25,100
2000-03-03,ACME,12,14,11,13,100
2000-03-03,ZETA,1.25,2,1,1.5,100
"""

ORDERS = """\
time,symbol,action,side,size,price,stop_loss,take_profit,fee,amount,key,tag
2000-03-01,ACME,open,long,10,,8,20,0.5,,a,first
2000-03-01T12:00,,modify,,,,9,0,,,a,
2000-03-02,,deposit,,,,,,,500,,
2000-03-02,ZETA,open,short,4,1.5,,,,,z,
2000-03-02T12:00,,close,,4,,,,0.25,,a,part
2000-03-03,,fee,,,,,,1.5,,,
2000-03-03,ACME,close,,,,,,,,a,rest
"""
