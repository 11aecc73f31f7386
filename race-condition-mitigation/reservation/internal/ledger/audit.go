package ledger

import (
	"context"
	"embed"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/judge.sql
var judge string

//go:embed sql/audit/*.sql
var rules embed.FS

// promises are what the books promise; the statement of each has its name and returns a row for each thing that it
// speaks of, with `holds` in it.
var promises = []struct{ name, sentence string }{
	{"seats", "a seat is one order's"},
	{"known", "what is taken is a seat of its show, at that seat's price"},
	{"settled", "of a settlement that stands just its seats are taken"},
	{"owned", "what is taken, a settlement stands behind"},
	{"orders", "a hold is one order's"},
	{"totals", "a settlement's total is the sum of its prices"},
	{"fences", "a fence was drawn once"},
}

// Rule is what an audit found of one promise; the offenders are the first of those that break it.
type Rule struct {
	Name      string           `json:"name"`
	Rule      string           `json:"rule"`
	Observed  int64            `json:"observed"`
	Proven    bool             `json:"proven"`
	Offenders []map[string]any `json:"offenders"`
}

// Audit is what all promises looked like at one moment.
type Audit struct {
	Proven bool   `json:"proven"`
	Rules  []Rule `json:"rules"`
}

// Prove looks at every promise in all rows that could break it.
//
// Which race: seats are pinned while the books are read, and a row of one moment beside a row of another proves nothing.
// Why this guard: all of it is one REPEATABLE READ transaction, which sees the books as they were at its first statement.
// If it were lost, right books would be called wrong.
func Prove(ctx context.Context, url string) (Audit, error) {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return Audit{}, err
	}
	defer func() { _ = connection.Close(ctx) }()
	found := Audit{Proven: true, Rules: []Rule{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, connection, options, func(tx pgx.Tx) error {
		for _, each := range promises {
			rule, err := prove(ctx, tx, each.name, each.sentence)
			if err != nil {
				return err
			}
			found.Proven = found.Proven && rule.Proven
			found.Rules = append(found.Rules, rule)
		}
		return nil
	})
	return found, err
}

func prove(ctx context.Context, tx pgx.Tx, name, sentence string) (Rule, error) {
	statement, err := rules.ReadFile("sql/audit/" + name + ".sql")
	if err != nil {
		return Rule{}, err
	}
	rule := Rule{Name: name, Rule: sentence}
	var offending int64
	var offenders []byte
	row := tx.QueryRow(ctx, strings.Replace(judge, "{rule}", string(statement), 1))
	if err := row.Scan(&rule.Observed, &offending, &offenders); err != nil {
		return Rule{}, err
	}
	rule.Proven = offending == 0
	return rule, json.Unmarshal(offenders, &rule.Offenders)
}
