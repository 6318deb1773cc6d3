-- Sets a server's database back to what it was, between cases: a real server can't be made anew for each of them.
CREATE SCHEMA IF NOT EXISTS books;
-- Which books the tables were last, and which of them were changed since.
CREATE TABLE IF NOT EXISTS books.standing (name text);
CREATE TABLE IF NOT EXISTS books.touched (name text);

CREATE OR REPLACE FUNCTION books.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO books.touched VALUES (TG_TABLE_NAME);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION books.stand(which text) RETURNS void LANGUAGE sql AS $$
  DELETE FROM books.touched;
  DELETE FROM books.standing;
  INSERT INTO books.standing VALUES (which);
$$;

-- Keeps all rows of all tables under a name.
CREATE OR REPLACE FUNCTION books.remember(which text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one text;
BEGIN
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', which);
  EXECUTE format('CREATE SCHEMA %I', which);
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE %I.%I AS TABLE public.%I', which, one, one);
    EXECUTE format('CREATE OR REPLACE TRIGGER books AFTER INSERT OR UPDATE OR DELETE ON public.%I EXECUTE FUNCTION books.touch()', one);
  END LOOP;
  PERFORM books.stand(which);
END $$;

-- Puts them back, and takes everything else away. Constraints and triggers are left out: the whole is as it was.
CREATE OR REPLACE FUNCTION books.restore(which text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one text;
BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = which
      AND (tablename IN (SELECT name FROM books.touched) OR which NOT IN (SELECT name FROM books.standing)) LOOP
    EXECUTE format('DELETE FROM public.%I', one);
    EXECUTE format('INSERT INTO public.%I SELECT * FROM %I.%I', one, which, one);
  END LOOP;
  PERFORM books.stand(which);
END $$;
