-- Which version of the rules a registration was worked on by.

ALTER TABLE registration_steps ADD COLUMN rules_version REAL;
