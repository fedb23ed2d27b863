// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdCommand runs a single-member etcd that forgets durability: the mesh's data dies with the mesh, and fsync would
// cost most of the start-up time on a laptop's disk.
func etcdCommand() *cobra.Command {
	var dataDir, client, peer string
	command := &cobra.Command{Use: "etcd", SilenceUsage: true, RunE: func(command *cobra.Command, _ []string) error {
		config := embed.NewConfig()
		config.Name = "mesh"
		config.Dir = dataDir
		config.UnsafeNoFsync = true
		config.LogLevel = "warn"
		config.QuotaBackendBytes = 8 << 30
		clientURL, err := url.Parse(client)
		if err != nil {
			return err
		}
		peerURL, err := url.Parse(peer)
		if err != nil {
			return err
		}
		config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
		config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
		config.InitialCluster = config.InitialClusterFromName(config.Name)
		server, err := embed.StartEtcd(config)
		if err != nil {
			return err
		}
		defer server.Close()
		select {
		case err := <-server.Err():
			return fmt.Errorf("etcd ended: %w", err)
		case <-server.Server.StopNotify():
			return fmt.Errorf("etcd stopped by itself")
		}
	}}
	command.Flags().StringVar(&dataDir, "data-dir", "", "folder of the data")
	command.Flags().StringVar(&client, "client-url", "http://127.0.0.1:2379", "where clients connect")
	command.Flags().StringVar(&peer, "peer-url", "http://127.0.0.1:2380", "where peers would connect")
	return command
}
