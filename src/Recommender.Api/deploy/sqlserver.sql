-- Sets up SQL Server 2019 or later, once, by a member of sysadmin. Replace the two passwords first, or make the users from
-- Windows or Entra identities instead. Azure SQL: make the database in the portal and begin at CREATE ROLE.

CREATE DATABASE recommender;
GO
-- Readers never wait for writers, and a replica reads the history as it stood at one moment. The service refuses to start without these.
ALTER DATABASE recommender SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
ALTER DATABASE recommender SET ALLOW_SNAPSHOT_ISOLATION ON;
ALTER DATABASE recommender SET RECOVERY FULL;
GO
USE recommender;
GO
-- What the service and the console do day by day: rows, no schema.
CREATE ROLE recommender_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::dbo TO recommender_service;

-- What `console upgrade` needs beside it, when a new version comes.
CREATE ROLE recommender_upgrade;
GRANT CREATE TABLE TO recommender_upgrade;
GRANT ALTER, REFERENCES ON SCHEMA::dbo TO recommender_upgrade;
ALTER ROLE recommender_service ADD MEMBER recommender_upgrade;
GO
CREATE LOGIN recommender_service WITH PASSWORD = N'replace this', CHECK_POLICY = ON, DEFAULT_DATABASE = recommender;
CREATE USER recommender_service_user FOR LOGIN recommender_service WITH DEFAULT_SCHEMA = dbo;
ALTER ROLE recommender_service ADD MEMBER recommender_service_user;

CREATE LOGIN recommender_upgrade WITH PASSWORD = N'replace this, too', CHECK_POLICY = ON, DEFAULT_DATABASE = recommender;
CREATE USER recommender_upgrade_user FOR LOGIN recommender_upgrade WITH DEFAULT_SCHEMA = dbo;
ALTER ROLE recommender_upgrade ADD MEMBER recommender_upgrade_user;
