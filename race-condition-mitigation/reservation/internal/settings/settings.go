// Package settings is everything that can be set, and the only place that reads the environment.
package settings

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Member is the service's name, as its variables, logs and metrics spell it.
const Member = "reservation"

const prefix = "TRIVET_RESERVATION_"

// Settings are the settings of one process, validated. What may be unset is then empty.
type Settings struct {
	JWKSURL       string `name:"JWKS_URL" optional:"yes" doc:"Where the issuer of access tokens publishes its keys, https; without it everybody may do everything, so that only this machine is listened to."`
	TokenIssuer   string `name:"TOKEN_ISSUER" optional:"yes" doc:"The issuer as access tokens name it in iss, letter by letter; needed with a JWKS URL."`
	TokenAudience string `name:"TOKEN_AUDIENCE" default:"trivet" doc:"Whom access tokens must be for, one of their aud."`
	TokenType     string `name:"TOKEN_TYPE" default:"at+jwt" choices:"at+jwt|JWT" doc:"What access tokens must say in typ. JWT takes those of issuers that know no other, and with them ID tokens that are for this audience."`

	Listen      string   `name:"LISTEN" default:"127.0.0.1:8000" doc:"Address to serve HTTP on, host:port."`
	DatabaseURL string   `name:"DATABASE_URL" secret:"yes" doc:"PostgreSQL, postgresql://user:password@host:port/database."`
	ValkeyURLs  []string `name:"VALKEY_URLS" secret:"yes" count:"1" doc:"The Redis-protocol server that keeps the holds, redis://host:port/0; exactly one."`

	RequestsMax int    `name:"REQUESTS_MAX" default:"2000" min:"1" max:"100000" doc:"How many requests may be served at once; one more gets 429. So few that their bodies fit into the memory, 64 KiB each at most."`
	Strategy    string `name:"STRATEGY" default:"setnx" choices:"setnx|naive" doc:"How those who want one seat exclude each other."`

	HoldTTLMs         int64 `name:"HOLD_TTL_MS" default:"120000" min:"1000" max:"86400000" doc:"How long a hold lives that names no time itself, in ms: an abandoned seat is free again after it."`
	HoldTTLMsMax      int64 `name:"HOLD_TTL_MS_MAX" default:"600000" min:"1000" max:"86400000" doc:"The longest time that a hold or its extension may ask for, in ms."`
	HoldLifetimeMsMax int64 `name:"HOLD_LIFETIME_MS_MAX" default:"1800000" min:"1000" max:"86400000" doc:"How long after it was granted a hold ends however often it is extended, in ms."`
	SeatsPerHoldMax   int   `name:"SEATS_PER_HOLD_MAX" default:"10" min:"1" max:"100" doc:"How many seats one hold may have."`

	PoolConnectionsMax         int   `name:"POOL_CONNECTIONS_MAX" default:"16" min:"1" max:"200" doc:"Database connections of this process."`
	PoolWaitMs                 int64 `name:"POOL_WAIT_MS" default:"1000" min:"1" max:"30000" doc:"How long a request waits for its turn at a connection, in ms; then 503."`
	StatementTimeoutMs         int64 `name:"STATEMENT_TIMEOUT_MS" default:"2000" min:"10" max:"60000" doc:"The server ends a statement that runs longer, in ms."`
	IdleInTransactionTimeoutMs int64 `name:"IDLE_IN_TRANSACTION_TIMEOUT_MS" default:"5000" min:"100" max:"60000" doc:"The server ends a transaction whose client says nothing for this long, in ms: a paused process must not hold locks for ever."`
	CommitTimeoutMs            int64 `name:"COMMIT_TIMEOUT_MS" default:"5000" min:"10" max:"60000" doc:"How long COMMIT is waited for, in ms; then the outcome is unknown."`
	ValkeyTimeoutMs            int64 `name:"VALKEY_TIMEOUT_MS" default:"1000" min:"5" max:"60000" doc:"How long an answer of Valkey is waited for, in ms; then the outcome is unknown."`
	RequestTimeoutMs           int64 `name:"REQUEST_TIMEOUT_MS" default:"10000" min:"100" max:"120000" doc:"How long a request may take through Valkey and PostgreSQL together, in ms; then 503."`

	SweepIntervalMs  int64 `name:"SWEEP_INTERVAL_MS" default:"1000" min:"10" max:"60000" doc:"Time between two looks for holds that have expired, in ms."`
	PinningGraceMs   int64 `name:"PINNING_GRACE_MS" default:"10000" min:"100" max:"600000" doc:"How long a pin that Valkey knows may wait for PostgreSQL before the show is read anew, in ms."`
	AnswerRetentionH int   `name:"ANSWER_RETENTION_H" default:"24" min:"24" doc:"How long stored response bodies are kept, in hours. Keys are kept for good."`
	PruneIntervalS   int   `name:"PRUNE_INTERVAL_S" default:"600" min:"1" doc:"Time between two prunings of stored bodies, in s."`

	DrainDelayMs  int64  `name:"DRAIN_DELAY_MS" default:"0" min:"0" max:"120000" doc:"On SIGTERM: how long to serve on while /readyz already says no, in ms."`
	DrainTimeoutS int    `name:"DRAIN_TIMEOUT_S" default:"15" min:"1" max:"600" doc:"On SIGTERM: how long requests in flight may take to end, in s."`
	LogLevel      string `name:"LOG_LEVEL" default:"info" choices:"debug|info|warning|error|critical" doc:"How much to log."`

	Lab        string `variable:"TRIVET_LAB" optional:"yes" doc:"The lab run that this process belongs to; opens what only a lab may start."`
	Failpoints string `variable:"TRIVET_FAILPOINTS" optional:"yes" doc:"What happens at which moment of a hold, name=kill|pause:MS|error[@HIT],…; nothing without TRIVET_LAB."`
}

// Load reads all settings. It returns an *Error with a sentence for every variable that is missing or wrong.
func Load(environment Environment) (*Settings, error) {
	var found Settings
	if err := load(&found, environment); err != nil {
		return nil, err
	}
	if faults := found.contradictions(); faults != nil {
		return nil, &Error{faults}
	}
	return &found, nil
}

// FromEnvironment reads the settings of this process.
func FromEnvironment() (*Settings, error) { return Load(os.LookupEnv) }

// UnreadVariables returns a sentence for every variable of this process that looks like a setting and is none.
func UnreadVariables() []string { return Unread(os.Environ()) }

// contradictions returns what no setting has wrong alone.
func (s *Settings) contradictions() []string {
	var faults []string
	tell := func(name string, least int64, other string) {
		faults = append(faults, fmt.Sprintf("%s%s must be at least %d, as %s%s is", prefix, name, least, prefix, other))
	}
	if _, _, err := HostAndPort(s.Listen); err != nil {
		faults = append(faults, prefix+"LISTEN "+err.Error())
	}
	if s.HoldTTLMsMax < s.HoldTTLMs {
		tell("HOLD_TTL_MS_MAX", s.HoldTTLMs, "HOLD_TTL_MS")
	}
	if s.HoldLifetimeMsMax < s.HoldTTLMsMax {
		tell("HOLD_LIFETIME_MS_MAX", s.HoldTTLMsMax, "HOLD_TTL_MS_MAX")
	}
	return faults
}

// HostAndPort returns the host, without the brackets of an IPv6 address, and the port of an address to listen on.
func HostAndPort(listen string) (host string, port int, err error) {
	at := strings.LastIndexByte(listen, ':')
	if at > 0 {
		number, failed := strconv.ParseUint(listen[at+1:], 10, 16)
		if failed == nil {
			return strings.Trim(listen[:at], "[]"), int(number), nil
		}
	}
	return "", 0, fmt.Errorf("must be host:port, not %s", told(listen))
}
