-- The tables of the earlier layout, as its migrations made them. Their keys do not begin with the partition.
CREATE TABLE IF NOT EXISTS `applications` (
	`token` binary(16) NOT NULL,
	`name` varchar(255) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`chats_count` bigint unsigned NOT NULL DEFAULT 0,
	`event_id` binary(16) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `applications_token` PRIMARY KEY(`token`)
);
CREATE TABLE IF NOT EXISTS `batches` (
	`id` bigint unsigned AUTO_INCREMENT NOT NULL,
	`generation` bigint unsigned NOT NULL,
	`messages` json NOT NULL,
	`chats` json NOT NULL,
	`documents` int unsigned NOT NULL,
	`indexed` tinyint NOT NULL DEFAULT 0,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `batches_id` PRIMARY KEY(`id`),
	KEY `batches_indexed` (`indexed`,`id`),
	KEY `batches_generation` (`generation`,`id`)
);
CREATE TABLE IF NOT EXISTS `chats` (
	`token` binary(16) NOT NULL,
	`number` bigint unsigned NOT NULL,
	`name` varchar(255) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`messages_count` bigint unsigned NOT NULL DEFAULT 0,
	`event_id` binary(16) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `chats_token_number_pk` PRIMARY KEY(`token`,`number`)
);
CREATE TABLE IF NOT EXISTS `counter_generations` (
	`name` varchar(16) NOT NULL,
	`generation` bigint unsigned NOT NULL,
	CONSTRAINT `counter_generations_name` PRIMARY KEY(`name`)
);
CREATE TABLE IF NOT EXISTS `epochs` (
	`partition_number` int unsigned NOT NULL,
	`epoch` bigint unsigned NOT NULL,
	`run_id` varchar(64) NOT NULL,
	`opened_at` datetime(3) NOT NULL,
	CONSTRAINT `epochs_partition_number` PRIMARY KEY(`partition_number`)
);
CREATE TABLE IF NOT EXISTS `idempotency` (
	`scope` binary(16) NOT NULL,
	`key_hash` binary(32) NOT NULL,
	`body_hash` binary(32) NOT NULL,
	`event_id` binary(16) NOT NULL,
	`token` binary(16) NOT NULL,
	`first` bigint unsigned NOT NULL,
	`epoch` bigint unsigned NOT NULL,
	`at` datetime(3) NOT NULL,
	CONSTRAINT `idempotency_scope_key_hash_pk` PRIMARY KEY(`scope`,`key_hash`),
	KEY `idempotency_at` (`at`)
);
CREATE TABLE IF NOT EXISTS `messages` (
	`token` binary(16) NOT NULL,
	`chat_number` bigint unsigned NOT NULL,
	`number` bigint unsigned NOT NULL,
	`content` varchar(10000) character set utf8mb4 collate utf8mb4_0900_bin NOT NULL,
	`event_id` binary(16) NOT NULL,
	`version` int unsigned NOT NULL DEFAULT 1,
	`created_at` datetime(3) NOT NULL,
	`updated_at` datetime(3) NOT NULL,
	CONSTRAINT `messages_token_chat_number_number_pk` PRIMARY KEY(`token`,`chat_number`,`number`)
);
CREATE TABLE IF NOT EXISTS `partitioning` (
	`id` tinyint NOT NULL,
	`partitions` int unsigned NOT NULL,
	CONSTRAINT `partitioning_id` PRIMARY KEY(`id`)
);
CREATE TABLE IF NOT EXISTS `search_indices` (
	`name` varchar(255) NOT NULL,
	`created_at` datetime(3) NOT NULL,
	CONSTRAINT `search_indices_name` PRIMARY KEY(`name`)
);
INSERT INTO `counter_generations` (`name`, `generation`) VALUES ('open', 1), ('flushed', 0) ON DUPLICATE KEY UPDATE `name` = `counter_generations`.`name`;
DROP TABLE IF EXISTS `epochs`;
CREATE TABLE IF NOT EXISTS `epochs` (
	`partition_number` int unsigned NOT NULL,
	`epoch` bigint unsigned NOT NULL,
	`oldest` bigint unsigned NOT NULL,
	CONSTRAINT `epochs_partition_number` PRIMARY KEY(`partition_number`)
);
