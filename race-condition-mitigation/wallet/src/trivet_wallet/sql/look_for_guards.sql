SELECT to_regclass('operations') IS NOT NULL,
    (SELECT count(*) FROM pg_class WHERE relname = ANY (%(guards)s::text[]) AND relkind = 'i')
    + (SELECT count(*) FROM pg_constraint WHERE conname = ANY (%(guards)s::text[]) AND contype = 'c')
