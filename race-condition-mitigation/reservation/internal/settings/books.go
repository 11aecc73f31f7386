package settings

import "os"

// Books are the settings of a command that needs the database alone.
type Books struct {
	DatabaseURL string `name:"DATABASE_URL" secret:"yes" doc:"PostgreSQL, postgresql://user:password@host:port/database."`
}

// BooksFromEnvironment reads them.
func BooksFromEnvironment() (*Books, error) {
	var found Books
	if err := load(&found, os.LookupEnv); err != nil {
		return nil, err
	}
	return &found, nil
}
