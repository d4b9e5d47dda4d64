# Makes Temporal's two databases and brings their schema up to date. Every step leaves alone what is there already. The tool
# reads SQL_* from the environment.
set -eu
for database in temporal temporal_visibility; do
	case $database in
	temporal) folder=temporal ;;
	*) folder=visibility ;;
	esac
	temporal-sql-tool --db "$database" create
	temporal-sql-tool --db "$database" setup-schema --version 0.0
	temporal-sql-tool --db "$database" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
