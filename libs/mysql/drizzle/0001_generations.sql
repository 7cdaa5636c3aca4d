INSERT INTO `counter_generations` (`name`, `generation`) VALUES ('open', 1), ('flushed', 0) ON DUPLICATE KEY UPDATE `name` = `counter_generations`.`name`;
