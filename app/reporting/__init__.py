"""Complaints anyone can make and follow, appeals, violations with evidence that stands, reports to authorities."""
