package web

import (
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

func most(connections int) setting {
	return func(_ *shop, s *Server, _ *http.ServeMux) { s.Limits.ConnectionsMax = connections }
}

func TestTheOneThatWasIdleForLongestGivesWay(t *testing.T) {
	places := newTable(3)
	var held []*connection
	var clients []net.Conn
	for range 3 {
		c, theirs := piped(t, places)
		held, clients = append(held, c), append(clients, theirs)
	}
	held[0].beginHead()
	held[0].begin()
	held[0].rest() // so that another one is idle for longest
	for i, next := range []int{1, 2, 0} {
		piped(t, places)
		if _, err := clients[next].Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the one that is to go as number %d reads %v", i, err)
		}
		if _, known := places.open[held[next]]; known || len(places.open) != 3 {
			t.Errorf("there are %d", len(places.open))
		}
	}
}

func TestWhoOnlyHoldsAPlaceKeepsNobodyOut(t *testing.T) {
	served := start(t, most(2))
	for range 5 {
		served.connect(t)
	}
	if status := served.status(t, "/livez"); status != http.StatusOK {
		t.Errorf("who asks is answered %d", status)
	}
}

func TestIfNobodyIsIdleTheNewOneGoes(t *testing.T) {
	served := start(t, most(2))
	one, other := served.connect(t), served.connect(t)
	one.send(hold)
	other.send(hold)
	<-served.held
	<-served.held
	if third, err := net.Dial("tcp", served.address); err == nil { // else it was ended before it knew of its beginning
		_ = third.SetDeadline(time.Now().Add(patience))
		if _, err := third.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("it reads %v", err)
		}
	}
	close(served.release)
	one.answered("held")
	other.answered("held")
}

func TestWhoHasBegunAHeadIsNotIdle(t *testing.T) {
	places := newTable(2)
	begun, typing := piped(t, places)
	idle, waiting := piped(t, places)
	go func() { _, _ = io.WriteString(typing, "GET") }()
	if _, err := begun.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	fresh, _ := piped(t, places)
	if _, err := waiting.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("who was idle reads %v", err)
	}
	for name, wanted := range map[*connection]bool{begun: true, idle: false, fresh: true} {
		if _, known := places.open[name]; known != wanted {
			t.Errorf("of three there are %v", places.open)
		}
	}
}

// piped returns a connection that has entered, and its client's end.
func piped(t *testing.T, places *table) (*connection, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	_ = theirs.SetDeadline(time.Now().Add(patience))
	c := &connection{Conn: ours, limits: &DefaultLimits, table: places}
	if !places.enter(c) {
		t.Fatal("there is no place")
	}
	return c, theirs
}

func TestWhoIsNotServedIsEndedWithTheServerAndNobodyComesAfter(t *testing.T) {
	places := newTable(9)
	silent, _ := piped(t, places)
	busy, _ := piped(t, places)
	busy.begin()
	places.shutDown()
	_, known := places.open[silent]
	if _, kept := places.open[busy]; known || !kept {
		t.Errorf("of two there are %v", places.open)
	}
	if places.enter(&connection{}) {
		t.Error("somebody is let in")
	}
}

func TestAConnectionThatWasCutIsForgotten(t *testing.T) {
	served := start(t, most(1))
	c := served.connect(t)
	c.send(hold)
	<-served.held
	_ = c.SetLinger(0)
	_ = c.Close()
	close(served.release)
	until(t, "its place is free", func() bool {
		response, err := http.Get("http://" + served.address + "/livez")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func TestHalfOfTheDescriptorsAreLeftToOthers(t *testing.T) {
	limits := DefaultLimits
	limits.ConnectionsMax = 1 << 40
	if within := limits.connectionsWithin(); within < 1 || within >= 1<<40 {
		t.Errorf("%d connections are within the descriptors", within)
	}
	limits.ConnectionsMax = 3
	if within := limits.connectionsWithin(); within != 3 {
		t.Errorf("%d connections are within the limit of 3", within)
	}
}
