-- Which version of the rules a registration was worked on by.

ALTER TABLE registration_steps ADD rules_version decimal(19, 4) NULL;
