// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"
)

// relayCommand brings the API server out of the mesh's network namespace. A socket belongs to the namespace it was
// opened in, whoever holds it: so this process inherits a listener from outside and dials inside, and nothing else
// has to cross. io.Copy between two TCP connections splices in the kernel.
func relayCommand() *cobra.Command {
	var fd int
	var target string
	command := &cobra.Command{Use: "relay", SilenceUsage: true, RunE: func(*cobra.Command, []string) error {
		listener, err := net.FileListener(os.NewFile(uintptr(fd), "listener"))
		if err != nil {
			return err
		}
		for {
			client, err := listener.Accept()
			if err != nil {
				return err
			}
			go relay(client.(*net.TCPConn), target)
		}
	}}
	command.Flags().IntVar(&fd, "listener-fd", 3, "the inherited listening socket")
	command.Flags().StringVar(&target, "target", "127.0.0.1:6443", "where to connect")
	return command
}

func relay(client *net.TCPConn, target string) {
	defer client.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(server, client)
		server.CloseWrite()
	}()
	io.Copy(client, server)
	client.CloseWrite()
	<-done
}
