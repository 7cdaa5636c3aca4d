CREATE VIRTUAL TABLE `messages_fts` USING fts5(folded, tokenize = 'trigram case_sensitive 1');
