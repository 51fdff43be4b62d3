"""Sensors: wait until a record in SmartRecruiters has a status."""
