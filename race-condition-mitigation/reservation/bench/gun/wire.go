package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

var errNoAnswer = errors.New("this is no answer that a gun can read")

// wire is one kept connection that has one request under way at a time.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	head string // everything before the value of content-length
}

func dial(at, head string) (*wire, error) {
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return nil, err
	}
	return &wire{conn, bufio.NewReaderSize(conn, 4096), make([]byte, 0, 2048), head}, nil
}

func (w *wire) close() { _ = w.conn.Close() }

// ask sends one request and returns the answer's status once the answer is whole.
func (w *wire) ask(body string) (int, error) {
	w.out = append(w.out[:0], w.head...)
	w.out = strconv.AppendInt(w.out, int64(len(body)), 10)
	w.out = append(append(w.out, "\r\n\r\n"...), body...)
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, err
	}
	status, length, err := w.readHead()
	if err != nil {
		return 0, err
	}
	_, err = w.in.Discard(length)
	return status, err
}

func (w *wire) readHead() (status, length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
				return 0, 0, fmt.Errorf("%w: %q", errNoAnswer, line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, 0, err
			}
		case len(line) == 0:
			if length < 0 {
				return 0, 0, fmt.Errorf("%w: it does not say how long it is", errNoAnswer)
			}
			return status, length, nil
		case len(line) > 15 && bytes.EqualFold(line[:15], []byte("content-length:")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[15:]))); err != nil {
				return 0, 0, err
			}
		}
	}
}

const bareAnswer = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

// serveBare prints a port and answers every request that comes there, for ever.
func serveBare(told io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(told, listener.Addr()); err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go answerBare(conn)
	}
}

// answerBare answers whatever comes in one piece, as a gun's requests do.
func answerBare(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, 4096)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		if _, err := conn.Write([]byte(bareAnswer)); err != nil {
			return
		}
	}
}
