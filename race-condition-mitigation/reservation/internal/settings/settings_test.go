package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var needed = map[string]string{
	"TRIVET_RESERVATION_DATABASE_URL": "postgresql://seats:hush@127.0.0.1:5432/seats?sslmode=disable",
	"TRIVET_RESERVATION_VALKEY_URLS":  "redis://:hush@127.0.0.1:6379/0",
}

func environment(more map[string]string) Environment {
	return func(variable string) (string, bool) {
		if value, ok := more[variable]; ok {
			return value, value != "(unset)"
		}
		value, ok := needed[variable]
		return value, ok
	}
}

func TestDefaults(t *testing.T) {
	found, err := Load(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if found.Listen != "127.0.0.1:8000" || found.Strategy != "setnx" || found.HoldTTLMs != 120_000 || found.Lab != "" {
		t.Errorf("got %+v", found)
	}
	if !slices.Equal(found.ValkeyURLs, []string{"redis://:hush@127.0.0.1:6379/0"}) {
		t.Errorf("got %v", found.ValkeyURLs)
	}
}

func TestEveryComplaintNamesItsVariableAndAllComeTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "absent")
	wrong := map[string]string{
		"DATABASE_URL":                "(unset)",
		"VALKEY_URLS":                 "redis://a, redis://b",
		"REQUESTS_MAX":                "many",
		"POOL_WAIT_MS":                "0",
		"DRAIN_TIMEOUT_S":             "601",
		"STRATEGY":                    "redlock",
		"LISTEN":                      " ",
		"LOG_LEVEL":                   "info",
		"LOG_LEVEL_FILE":              file,
		"TOKEN_ISSUER_FILE":           file,
		"SWEEP_INTERVAL_MS":           "1.5",
		"HOLD_TTL_MS":                 "99999999999999999999",
		"TOKEN_TYPE":                  "jwt",
		"IDLE_IN_TRANSACTION_TIMEOUT": "5",
	}
	more := map[string]string{}
	for name, value := range wrong {
		more[prefix+name] = value
	}
	_, err := Load(environment(more))
	var found *Error
	if !errors.As(err, &found) {
		t.Fatal(err)
	}
	wanted := []string{
		"TOKEN_ISSUER open " + file + ": no such file or directory",
		"TOKEN_TYPE must be one of at+jwt, JWT, not 'jwt'",
		"LISTEN is empty",
		"DATABASE_URL is not set: PostgreSQL, postgresql://user:password@host:port/database.",
		"VALKEY_URLS must name 1, not 2",
		"REQUESTS_MAX must be a whole number, not 'many'",
		"STRATEGY must be one of setnx, naive, not 'redlock'",
		"HOLD_TTL_MS must be a whole number, not '99999999999999999999'",
		"POOL_WAIT_MS must be at least 1, not 0",
		"SWEEP_INTERVAL_MS must be a whole number, not '1.5'",
		"DRAIN_TIMEOUT_S must be at most 600, not 601",
		"LOG_LEVEL is set and so is TRIVET_RESERVATION_LOG_LEVEL_FILE: one of them must go",
	}
	for i := range wanted {
		wanted[i] = prefix + wanted[i]
	}
	if !slices.Equal(found.Faults, wanted) {
		t.Errorf("got\n%s\nwant\n%s", err, strings.Join(wanted, "\n"))
	}
}

func TestWhatContradictsIsToldToo(t *testing.T) {
	_, err := Load(environment(map[string]string{prefix + "HOLD_TTL_MS_MAX": "119999"}))
	if err == nil || !strings.HasPrefix(err.Error(), prefix+"HOLD_TTL_MS_MAX must be at least 120000") {
		t.Errorf("got %v", err)
	}
	_, err = Load(environment(map[string]string{prefix + "HOLD_LIFETIME_MS_MAX": "1000"}))
	if err == nil || !strings.HasPrefix(err.Error(), prefix+"HOLD_LIFETIME_MS_MAX must be at least 600000") {
		t.Errorf("got %v", err)
	}
}

func TestHostAndPort(t *testing.T) {
	for listen, wanted := range map[string]string{
		"127.0.0.1:80": "127.0.0.1", "[::1]:8000": "::1", "localhost:0": "localhost",
		"80": "", ":80": "", "host": "", "host:": "", "host:65536": "", "host:-1": "", "host:x": "",
	} {
		host, _, err := HostAndPort(listen)
		if host != wanted || (err == nil) != (wanted != "") {
			t.Errorf("%s: %q, %v", listen, host, err)
		}
	}
	_, err := Load(environment(map[string]string{prefix + "LISTEN": "here"}))
	if err == nil || err.Error() != prefix+"LISTEN must be host:port, not 'here'" {
		t.Errorf("got %v", err)
	}
}

func TestAFileIsReadWithoutItsLastLineEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("postgresql://a\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Load(environment(map[string]string{
		prefix + "DATABASE_URL": "(unset)", prefix + "DATABASE_URL_FILE": file,
	}))
	if err != nil || found.DatabaseURL != "postgresql://a\n" {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for value, wanted := range map[string]string{
		"word":                     "***",
		"redis://host:1/0":         "redis://host:1/0",
		"redis://:hush@host:1/0":   "redis://:***@host:1/0",
		"postgresql://a:b@c@h/d?p": "postgresql://a:***@h/d",
	} {
		if got := masked(value); got != wanted {
			t.Errorf("%s is shown as %s", value, got)
		}
	}
}

func TestTheJSONIsOfTheOtherServicesShape(t *testing.T) {
	for name, one := range map[string]struct {
		more   map[string]string
		faults int
	}{"valid": {nil, 0}, "invalid": {map[string]string{prefix + "DATABASE_URL": "(unset)"}, 1}} {
		t.Run(name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			if err := Show(&out, &complaints, environment(one.more), true); err != nil {
				t.Fatal(err)
			}
			var told struct {
				Settings []map[string]any `json:"settings"`
				Faults   []string         `json:"faults"`
			}
			if err := json.Unmarshal(out.Bytes(), &told); err != nil {
				t.Fatal(err)
			}
			if told.Faults == nil || len(told.Faults) != one.faults || strings.Contains(out.String(), "hush") {
				t.Errorf("it says %s", &out)
			}
			url := told.Settings[5]
			if url["variable"] != prefix+"DATABASE_URL" || url["required"] != true || url["default"] != nil {
				t.Errorf("it says %v", url)
			}
			if (url["value"] != nil) != (one.faults == 0) {
				t.Errorf("its value is %v", url["value"])
			}
			for _, said := range told.Settings {
				if len(said) != 6 || said["help"] == "" {
					t.Errorf("it says %v", said)
				}
			}
		})
	}
}

func TestForAPerson(t *testing.T) {
	var out, complaints bytes.Buffer
	if err := Show(&out, &complaints, environment(map[string]string{prefix + "LISTEN": ""}), false); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{
		prefix + "DATABASE_URL\n    PostgreSQL,", "(text; required)", "(setnx | naive; default setnx)",
		"(text; default none)", "(list, separated by commas; required)",
	} {
		if !strings.Contains(out.String(), wanted) {
			t.Errorf("it does not say %s", wanted)
		}
	}
	if complaints.String() != "✗ "+prefix+"LISTEN is empty\n" {
		t.Errorf("it complains %s", &complaints)
	}
}

func TestWhatNothingReadsIsTold(t *testing.T) {
	got := Unread([]string{
		prefix + "PORT=1", prefix + "DATABASE_ULR=x", prefix + "LISTEN=x", prefix + "DATABASE_URL_FILE=x", "PATH=/",
		"TRIVET_LAB=x",
	})
	wanted := []string{
		prefix + "DATABASE_ULR is read by nothing; is " + prefix + "DATABASE_URL meant?",
		prefix + "PORT is read by nothing",
	}
	if len(got) != 2 || got[0] != wanted[0] || !strings.HasPrefix(got[1], wanted[1]) {
		t.Errorf("got %q", got)
	}
}

func TestEverySettingSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, one := range settingsOf(reflect.TypeFor[Settings]()) {
		if !strings.HasSuffix(one.help, ".") || seen[one.variable] || one.variable == prefix {
			t.Errorf("%s says %q", one.variable, one.help)
		}
		seen[one.variable] = true
	}
}
