-- MySQL's users, the same natively and in Docker. Names in braces are replaced by the passwords. This may run again at
-- any time: it first revokes the rights that a user has.
CREATE DATABASE IF NOT EXISTS `parley`;
-- The user of the programs, who reads and writes rows.
CREATE USER IF NOT EXISTS 'parley'@'%' IDENTIFIED BY '{MYSQL_PASSWORD}';
ALTER USER 'parley'@'%' IDENTIFIED BY '{MYSQL_PASSWORD}';
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'parley'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON `parley`.* TO 'parley'@'%';
-- The user of migrations, who may also create and change tables. Only a starting worker and `bin/parley migrate` use it.
CREATE USER IF NOT EXISTS 'parley_migration'@'%' IDENTIFIED BY '{MYSQL_MIGRATION_PASSWORD}';
ALTER USER 'parley_migration'@'%' IDENTIFIED BY '{MYSQL_MIGRATION_PASSWORD}';
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'parley_migration'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON `parley`.* TO 'parley_migration'@'%';
