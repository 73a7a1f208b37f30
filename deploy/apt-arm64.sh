# shellcheck shell=bash
# apt-arm64.sh is sourced by scripts that want arm64 packages without telling
# the machine about a second architecture.

# apt_arm64 DIR makes apt-get and its kin, from here on, use the machine's own
# package sources for arm64, with their state in DIR, as if nothing were
# installed. What the sources say about it is in DIR/log.
apt_arm64() {
	local dir=$1
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
	: >"$dir/state/status"
	{
		# Proxies and the like are the machine's; its hooks are not for us.
		apt-config dump | grep '^Acquire::' | grep -v '^Acquire::Languages' || true
		cat <<-CONF
			APT::Architecture "arm64";
			APT::Architectures { "arm64"; };
			APT::Sandbox::User "root";
			Acquire::Languages "none";
			Dir::State "$dir/state";
			Dir::State::status "$dir/state/status";
			Dir::Cache "$dir/cache";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
		CONF
	} >"$dir/apt.conf"
	export APT_CONFIG=$dir/apt.conf
	# A source that has nothing for arm64 is no reason to stop.
	apt-get -qq update >"$dir/log" 2>&1 || true
}
