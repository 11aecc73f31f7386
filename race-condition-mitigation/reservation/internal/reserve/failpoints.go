package reserve

// The moments between two effects at which a lab may strike; each leaves something for the next request to find.
const (
	BeforeHold   = "reservation.hold.before_script"
	AfterHold    = "reservation.hold.after_script"
	BeforeReply  = "reservation.hold.before_reply"
	AfterBegin   = "reservation.pin.after_script"
	BeforeCommit = "reservation.pin.before_commit"
	AfterCommit  = "reservation.pin.after_commit"
	AfterSale    = "reservation.confirm.after_commit"
	AfterRelease = "reservation.release.after_commit"
	AfterEpoch   = "reservation.reload.after_commit"
)

// Failpoints says what is true at each of them.
var Failpoints = map[string]string{
	BeforeHold:   "nothing happened yet",
	AfterHold:    "the seats are held; nobody was told",
	BeforeReply:  "the seats are held; the answer is ready, and nobody was told",
	AfterBegin:   "time does not end the hold any more; PostgreSQL does not know of it",
	BeforeCommit: "the pin waits for its COMMIT",
	AfterCommit:  "the pin lasts; Valkey still calls it under way, and nobody was told",
	AfterSale:    "the sale lasts; Valkey still calls it pinned, and nobody was told",
	AfterRelease: "the order's release lasts; Valkey still has the seats taken, and nobody was told",
	AfterEpoch:   "the new epoch counts; the memory is not read yet",
}
