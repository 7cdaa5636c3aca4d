-- MySQL's users, the same natively and in Docker. What is in braces is replaced by the passwords. It may be run again
-- at any time: what a user was given before is taken away first.
CREATE DATABASE IF NOT EXISTS `parley`;
-- The programs read and write rows.
CREATE USER IF NOT EXISTS 'parley'@'%' IDENTIFIED BY '{MYSQL_PASSWORD}';
ALTER USER 'parley'@'%' IDENTIFIED BY '{MYSQL_PASSWORD}';
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'parley'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `parley`.* TO 'parley'@'%';
-- Migrations make and change the tables too. Only a worker at its start, and `bun run migrate`, are this user.
CREATE USER IF NOT EXISTS 'parley_migration'@'%' IDENTIFIED BY '{MYSQL_MIGRATION_PASSWORD}';
ALTER USER 'parley_migration'@'%' IDENTIFIED BY '{MYSQL_MIGRATION_PASSWORD}';
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'parley_migration'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON `parley`.* TO 'parley_migration'@'%';
