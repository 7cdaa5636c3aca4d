-- Under another name, so that a program of the version before refuses to start: it would ask nobody for a key.
ALTER TABLE `search_filled` RENAME TO `search_filling`;
